-- Chance and time of the made-up world. Every draw is a hash of (seed, what it is for, which row), so a row depends on no other
-- row, on no row order and on no thread.

-- a number in (0, 1), fixed by the seed, a word for its purpose and a key; hashed twice, because hash() of several values only
-- XORs the last one in, and two purposes would be dependent
CREATE MACRO chance(purpose, key) AS (HASH(HASH(GETVARIABLE('seed')::BIGINT, purpose, key)) + 0.5) / 18446744073709551616.0;

-- one item of a list, by chance
CREATE MACRO one_of(items, purpose, key) AS items[1 + FLOOR(chance(purpose, key) * LEN(items))::INT];

-- the waiting time of a process with rate 1
CREATE MACRO waiting(purpose, key) AS -LN(chance(purpose, key));

-- World time is days in which everything happens evenly; the clock runs slowly through nights and weekends. Both agree on every
-- Monday, 0:00, and one is a monotone function of the other, so a hazard known in world time is known on the clock.
CREATE MACRO day_on_clock(x) AS
    CASE WHEN x < 0.06 THEN x / 0.06 * 7
         WHEN x < 0.88 THEN 7 + (x - 0.06) / 0.82 * 12
         ELSE 19 + (x - 0.88) / 0.12 * 5 END / 24;
CREATE MACRO day_in_world(hours) AS
    CASE WHEN hours < 7 THEN hours / 7 * 0.06
         WHEN hours < 19 THEN 0.06 + (hours - 7) / 12 * 0.82
         ELSE 0.88 + (hours - 19) / 5 * 0.12 END;
CREATE MACRO week_on_clock(x) AS
    CASE WHEN x < 0.925 THEN FLOOR(x / 0.185) + day_on_clock(x / 0.185 - FLOOR(x / 0.185))
         WHEN x < 0.965 THEN 5 + day_on_clock((x - 0.925) / 0.04)
         ELSE 6 + day_on_clock(LEAST((x - 0.965) / 0.035, 1)) END;
CREATE MACRO on_clock(world) AS                             -- world days since Monday 1970-01-05 as a TIMESTAMP, to the second
    TIMESTAMP '1970-01-05' + TO_SECONDS(FLOOR((FLOOR(world / 7) * 7 + week_on_clock(world / 7 - FLOOR(world / 7))) * 86400)::BIGINT);
CREATE MACRO week_in_world(days) AS
    CASE WHEN days < 5 THEN (FLOOR(days) + day_in_world((days - FLOOR(days)) * 24)) * 0.185
         WHEN days < 6 THEN 0.925 + day_in_world((days - 5) * 24) * 0.04
         ELSE 0.965 + day_in_world((days - 6) * 24) * 0.035 END;
CREATE MACRO days_since_monday(moment) AS EPOCH_US(moment) / 86400000000.0 - 4;
CREATE MACRO in_world(moment) AS                            -- the inverse of on_clock
    FLOOR(days_since_monday(moment) / 7) * 7
    + 7 * week_in_world(days_since_monday(moment) - FLOOR(days_since_monday(moment) / 7) * 7);

-- when a row arrives: some minutes after it happened, but one in fifty comes days late
CREATE MACRO arrival(source, key, happened, minutes) AS
    happened + TO_SECONDS(FLOOR(
        CASE WHEN chance('late ' || source, key) < 0.02 THEN 86400 * (1 + 5 * chance('days late ' || source, key))
             ELSE 60 * minutes * (0.2 + 1.6 * chance('lag ' || source, key)) END)::BIGINT);

-- the smallest number whose cumulative probability exceeds a chance
CREATE MACRO drawn(cumulative, u) AS LEN(LIST_FILTER(cumulative, LAMBDA p: p < u));
