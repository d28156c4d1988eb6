-- Cases beside a report are found, and told apart, without reading their rows: each commit makes a reader's pages
-- worthless, and twenty rows lie on twenty of them.

DROP INDEX cases_district;
CREATE INDEX cases_beside ON cases (district, category, opened_at, village, state, reference)
  WHERE district IS NOT NULL;
