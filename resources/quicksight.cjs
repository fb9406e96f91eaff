// QuickSight: Gold as data sets and a dashboard.

module.exports = async () => ({ Resources: {} });
