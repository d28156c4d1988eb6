-- Recent cases of a district, among which one incident told twice is looked for.

CREATE INDEX cases_district ON cases (district, opened_at) WHERE district IS NOT NULL;
