"""The command line says by which option a question of an import is answered."""

from cloudchamber.cli.questions import OPTIONS, options
from cloudchamber.data.accounts import Question
from cloudchamber_worker.steps import questions


def told(question: Question) -> str:
    return options([question.model_dump()])


def test_every_answer_to_a_decoders_question_is_an_option_or_a_role() -> None:
    for answers in questions.ANSWERS.values():
        assert {answer.param for answer in answers} <= {*OPTIONS, "role"}
    assert told(questions.question_of_file("?", "exposure_or_crop")) == (
        "--as exposures or --as crops"
    )
    assert told(questions.question_of_file("?", "bias")) == "--bias FILE or --as exposures"
    assert told(questions.question_of_file("?", "")) == ""


def test_many_columns_are_named_once() -> None:
    columns = ["a", "b", "c", "d"]
    asked = questions.question_of_columns("Which?", "label_column", columns)
    assert told(asked) == "--label-column with one of a, b, c, d"
