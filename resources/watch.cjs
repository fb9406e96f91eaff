// Watch: what tells a person that the pipeline is unwell.

module.exports = async () => ({ Resources: {} });
