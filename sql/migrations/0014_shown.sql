-- What people were shown and since when, and scores of the past that came later than others.

-- One row each time that scores were put in force, in order; nothing here is changed later. Of several at an as_of, the one with
-- the highest number is in force.
CREATE TABLE meta.showings (
    showing_number       BIGINT PRIMARY KEY,  -- rises with each row
    as_of                TIMESTAMP NOT NULL,
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    is_hot               BOOLEAN NOT NULL,    -- whether a hot run scored a few leads, beside those of the newest full run
    row_count            BIGINT NOT NULL,     -- score rows of the scoring then
    publish_number       BIGINT NOT NULL,     -- of the newest score file then
    run_id               VARCHAR NOT NULL,
    shown_at             TIMESTAMP            -- when the catalogue that shows it took its place; NULL until then
);

-- One row each time that a hot run took a lead out of play, or put it back.
CREATE TABLE meta.showings_gone (
    showing_number       BIGINT NOT NULL,     -- the showing that it came with
    lead_id              VARCHAR NOT NULL,
    as_of                TIMESTAMP NOT NULL,  -- since when it is out of play
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    is_gone              BOOLEAN NOT NULL     -- FALSE where it is back
);

-- What was shown until now, as far as the rows tell: each set of rows since the run that wrote it ended. Where a run found an
-- earlier scoring done, only its newest such run is known.
INSERT INTO meta.showings
WITH written AS (
    SELECT as_of, feature_set_version, model_version, policy_version, run_id
    FROM scores.lead_scores
    WHERE role = 'champion'
    UNION
    SELECT as_of, feature_set_version, model_version, policy_version, run_id
    FROM scores.superseded
    WHERE role = 'champion'
    UNION
    SELECT as_of, feature_set_version, model_version, policy_version, run_id
    FROM meta.scorings
),

counted AS (
    SELECT as_of, feature_set_version, model_version, policy_version, COUNT(*) AS row_count
    FROM scores.lead_scores
    WHERE role = 'champion'
    GROUP BY ALL
)

SELECT
    ROW_NUMBER() OVER (ORDER BY r.started_at, r.run_id, w.as_of, w.policy_version, w.model_version, w.feature_set_version),
    w.as_of,
    w.feature_set_version,
    w.model_version,
    w.policy_version,
    NOT EXISTS (
        FROM meta.scorings AS c
        WHERE (c.as_of, c.feature_set_version, c.model_version, c.policy_version)
            = (w.as_of, w.feature_set_version, w.model_version, w.policy_version)
    )
    AND EXISTS (
        FROM meta.hot_scorings AS h
        WHERE (h.as_of, h.feature_set_version, h.model_version, h.policy_version)
            = (w.as_of, w.feature_set_version, w.model_version, w.policy_version)
    ),
    COALESCE(n.row_count, 0),
    COALESCE(
        (
            SELECT MAX(f.publish_number)
            FROM meta.score_files AS f
            JOIN meta.runs AS o ON o.run_id = f.run_id
            WHERE o.started_at <= r.started_at
        ),
        0
    ),
    w.run_id,
    COALESCE(r.finished_at, r.started_at)
FROM written AS w
JOIN meta.runs AS r ON r.run_id = w.run_id
LEFT JOIN counted AS n
    ON  n.as_of = w.as_of
    AND n.feature_set_version = w.feature_set_version
    AND n.model_version = w.model_version
    AND n.policy_version = w.policy_version;

INSERT INTO meta.showings_gone
SELECT s.showing_number, g.lead_id, g.as_of, g.feature_set_version, g.model_version, g.policy_version, TRUE
FROM meta.hot_gone AS g
JOIN (SELECT run_id, MAX(showing_number) AS showing_number FROM meta.showings GROUP BY run_id) AS s ON s.run_id = g.run_id;

-- One row per set of leads scored at an as_of where people had been shown scores of other versions: these never take their
-- place.
CREATE TABLE meta.past_scorings (
    as_of                TIMESTAMP NOT NULL,
    spine                VARCHAR NOT NULL,
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    input_hash           VARCHAR NOT NULL,  -- of the slices read
    row_count            BIGINT NOT NULL,
    run_id               VARCHAR NOT NULL,  -- the newest run that scored it
    PRIMARY KEY (as_of, spine, feature_set_version, model_version, policy_version, input_hash)
);

-- One row per set of score rows whose outcomes have been waited for: how the scores came out. Another look that finds other
-- outcomes is a row of its own; the newest counts.
CREATE TABLE meta.score_reports (
    as_of                TIMESTAMP NOT NULL,
    feature_set_version  VARCHAR NOT NULL,
    model_version        VARCHAR NOT NULL,
    policy_version       VARCHAR NOT NULL,
    label                VARCHAR NOT NULL,
    label_version        VARCHAR NOT NULL,
    rows_hash            VARCHAR NOT NULL,    -- of leads, scores and outcomes
    was_shown            BOOLEAN NOT NULL,    -- whether people were shown these scores at the as_of when the report was made
    saw_outcomes         BOOLEAN,             -- whether the model learned from outcomes after the as_of: it looks better than it is; NULL where not known
    row_count            BIGINT NOT NULL,     -- score rows whose outcome is known for certain
    positives            BIGINT NOT NULL,
    report               VARCHAR NOT NULL,    -- JSON: the figures, and leads and outcomes by tier
    run_id               VARCHAR NOT NULL,
    made_at              TIMESTAMP NOT NULL,  -- when
    PRIMARY KEY (as_of, feature_set_version, model_version, policy_version, label, label_version, rows_hash)
);
