"""The statements behind a label action: one each however many cutouts, in both dialects.

Written by hand because they join thousands of bound values to the current labels in the database:
`json_each` on SQLite, `unnest` on Postgres. Every value is a bound parameter.
"""

CLASS_SPAN = 1 << 31

_EVENTS = """
INSERT INTO label_event (action_id, dataset_id, ordinal, class_id, previous_class_id,
                         dubious, previous_dubious, note, previous_note)
SELECT :action, :dataset, wanted.ordinal,
       CASE wanted.class_id WHEN -1 THEN label.class_id WHEN 0 THEN NULL ELSE wanted.class_id END,
       label.class_id,
       CASE WHEN :set_dubious THEN :dubious ELSE coalesce(label.dubious, false) END,
       coalesce(label.dubious, false),
       CASE WHEN :set_note THEN :note ELSE label.note END,
       label.note
FROM {wanted} AS wanted
LEFT JOIN label ON label.dataset_id = :dataset AND label.annotator_id = :annotator
               AND label.ordinal = wanted.ordinal
"""
EVENTS_SQLITE = _EVENTS.format(
    wanted=f"(SELECT value / {CLASS_SPAN} AS ordinal, value % {CLASS_SPAN} - 1 AS class_id "
    "FROM json_each(:packed))"
)
EVENTS_POSTGRES = _EVENTS.replace(
    "CASE WHEN :set_note THEN :note", "CASE WHEN :set_note THEN CAST(:note AS text)"
).format(
    wanted="(SELECT * FROM unnest(CAST(:ordinals AS integer[]), CAST(:classes AS integer[])) "
    "AS pair(ordinal, class_id))"
)

REVERT = """
INSERT INTO label_event (action_id, dataset_id, ordinal, class_id, previous_class_id,
                         dubious, previous_dubious, note, previous_note)
SELECT :action, dataset_id, ordinal, previous_class_id, class_id,
       previous_dubious, dubious, previous_note, note
FROM label_event WHERE action_id = :reverted ORDER BY id
"""

DERIVE = """
INSERT INTO label (dataset_id, annotator_id, ordinal, class_id, dubious, note, event_id)
SELECT dataset_id, :annotator, ordinal, class_id, dubious, note, id
FROM label_event WHERE action_id = :action
ON CONFLICT (dataset_id, annotator_id, ordinal) DO UPDATE
SET class_id = excluded.class_id, dubious = excluded.dubious, note = excluded.note,
    event_id = excluded.event_id
"""
