"""What only a person can know of a file or a table, and the ways to answer."""

from cloudchamber.data.accounts import Answer, Question, Table, counted

SEARCH = Answer(caption="An exposure to search", param="taken_as", value="exposures")
COLUMNS_TOLD = 3
# By what a decoder's `NeedsAnswer` asks. Its other questions are answered by saving the file anew.
ANSWERS = {
    "bias": [Answer(caption="A bias for the master", param="role", value="bias"), SEARCH],
    "dark": [Answer(caption="A dark for the master", param="role", value="dark"), SEARCH],
    "defect_mask": [Answer(caption="A mask of defects", param="role", value="defects"), SEARCH],
    "exposure_or_crop": [
        Answer(caption="Whole exposures", param="taken_as", value="exposures"),
        Answer(caption="Cutouts", param="taken_as", value="crops"),
    ],
    "image_or_table": [
        Answer(caption="Images", param="text_images", value="yes"),
        Answer(caption="No images", param="text_images", value="no"),
    ],
    "skipper_samples": [
        Answer(caption="Average the samples", param="skipper", value="average"),
        Answer(caption="Averaged already", param="skipper", value="averaged"),
    ],
    "labels_or_image": [Answer(caption="Label numbers", param="role", value="labels")],
}


def question_of_file(text: str, asks: str) -> Question:
    """What a decoder asks; `asks` is a key of `ANSWERS`, or ''."""
    return Question(text=text, answers=ANSWERS.get(asks, []))


def question_of_columns(text: str, param: str, columns: list[str]) -> Question:
    """Which of the columns has a use that the import's parameter `param` names."""
    answers = [Answer(caption=name, param=param, value=name) for name in columns]
    return Question(text=text, answers=answers)


def questions_of_table(account: Table) -> list[Question]:
    """What is asked where a table would change labels or values that are there."""
    asked = []
    if account.labels is not None and account.labels.asked:
        has = counted(account.labels.asked, "cutout has", "cutouts have")
        asked.append(_keep_or_replace(f"{has} another label already", "existing_labels"))
    columns = [c for c in account.columns if c.use == "metadata" and c.state == "needs_answer"]
    if columns:
        told = [f"{c.name}: {c.reason}" for c in columns[:COLUMNS_TOLD]]
        more = len(columns) - COLUMNS_TOLD
        told += [f"and {counted(more, 'more column')}"] if more > 0 else []
        asked.append(_keep_or_replace("; ".join(told), "existing_values"))
    return asked


def _keep_or_replace(text: str, param: str) -> Question:
    return Question(
        text=f"{text}: keep or replace?",
        answers=[
            Answer(caption="Keep what is there", param=param, value="keep"),
            Answer(caption="Replace it by these", param=param, value="replace"),
        ],
    )
