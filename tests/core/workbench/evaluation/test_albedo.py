"""Tables of delighters: each has the rows of its own scores."""

from facetex_core.workbench.evaluation.albedo import AlbedoScore, albedo_summary


def test_no_delighter_is_told_by_the_scores_of_another():
    scores = [AlbedoScore("a", name, light="sun", yaw=5.0, seen_db=level) for name, level in (("best", 30.0), ("worst", 10.0))]
    rows = {(row["delighter"], row["light"], row["yaw"]): row["seen_db"] for row in albedo_summary(scores)}
    places = [("sun", "all"), ("all", "0-30"), ("all", "all")]
    assert rows == {(name, *place): level for name, level in (("best", 30.0), ("worst", 10.0)) for place in places}
