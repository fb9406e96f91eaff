// How old a record may get before the mapping gives it up: an hour less than the stream keeps it. After an outage nothing is given up
// that could still be read, and what is leaves a document.
const HOUR_S = 3600;
/** What Lambda takes as the oldest age: a week. */
const MOST_S = 7 * 24 * HOUR_S;
/** What Kinesis takes, in hours: a day to a year. */
const [LEAST_HOURS, MOST_HOURS] = [24, 8760];

function recordAgeSeconds(retentionHours) {
  if (!Number.isInteger(retentionHours) || retentionHours < LEAST_HOURS || retentionHours > MOST_HOURS) {
    throw new Error(`retentionHours is ${retentionHours}: Kinesis keeps records ${LEAST_HOURS} to ${MOST_HOURS} hours`);
  }
  return Math.min((retentionHours - 1) * HOUR_S, MOST_S);
}

module.exports = async ({ resolveVariable }) => ({
  seconds: recordAgeSeconds(Number(await resolveVariable('param:retentionHours'))),
});
