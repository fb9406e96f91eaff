-- The bars of the chart, in its order. Input: trips_by_day (the view's text over what was counted).
SELECT source, CAST(event_date AS STRING) AS event_date, place_rank, place_label, trips
FROM trips_by_day
ORDER BY source, event_date, place_rank
