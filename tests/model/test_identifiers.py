"""Ids that nobody else comes to."""

from uuid import RFC_4122, UUID

from portdash.identifiers import new_id


def test_an_id_is_a_random_uuid_in_hexadecimal_digits():
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    for each in made:
        known = UUID(each)
        assert (known.hex, known.version, known.variant) == (each, 4, RFC_4122)
