-- Cases beside a report are found, and told apart, without reading their rows.

DROP INDEX cases_district;
CREATE INDEX cases_beside ON cases (district, category, opened_at, village, state, reference)
  WHERE district IS NOT NULL;
