-- owner: growth
-- grain: one row per lead and part of fit, intent and timing at the newest as_of, where the project has them
--
-- What each part is worth and what each of its points was given for; the rows of one lead and whole, weighed by
-- reference.fit_weights, give the whole.
SELECT
    s.lead_id AS lead_id,                                                 -- the lead
    s.as_of AS as_of,                                                     -- the moment
    p.whole AS whole,                                                     -- fit, intent or timing
    p.part AS part,                                                       -- company_fit, role_fit, …
    CASE p.part
        WHEN 'company_fit' THEN s.company_fit
        WHEN 'role_fit' THEN s.role_fit
        WHEN 'tech_fit' THEN s.tech_fit
        WHEN 'first_party_intent' THEN s.first_party_intent
        WHEN 'third_party_intent' THEN s.third_party_intent
        WHEN 'relationship_intent' THEN s.relationship_intent
        WHEN 'timing' THEN s.timing
    END AS points,                                                        -- 0 to 100; NULL where nothing it reads is known
    LIST_TRANSFORM(
        LIST_FILTER(RANGE(1, LEN(s.fit_parts) + 1), LAMBDA i: s.fit_parts[i] = p.part), LAMBDA i: s.fit_codes[i]
    ) AS codes,                                                           -- the rules that gave points
    LIST_TRANSFORM(
        LIST_FILTER(RANGE(1, LEN(s.fit_parts) + 1), LAMBDA i: s.fit_parts[i] = p.part), LAMBDA i: s.fit_points[i]
    ) AS given,                                                           -- the points of each, before the part is clipped
    LIST_TRANSFORM(
        LIST_FILTER(RANGE(1, LEN(s.fit_parts) + 1), LAMBDA i: s.fit_parts[i] = p.part), LAMBDA i: s.fit_labels[i]
    ) AS words                                                            -- the words of each
FROM scores.latest AS s
CROSS JOIN (VALUES
    ('fit', 'company_fit'), ('fit', 'role_fit'), ('fit', 'tech_fit'),
    ('intent', 'first_party_intent'), ('intent', 'third_party_intent'), ('intent', 'relationship_intent'),
    ('timing', 'timing')
) AS p (whole, part)
WHERE s.fit_parts IS NOT NULL
