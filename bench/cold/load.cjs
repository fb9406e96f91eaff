// Loads one module in a process of its own, as Lambda's runtime does with a new environment, and prints how long that took, and how much
// of it the processor worked, ms: on a busy machine the two are far apart.
const { performance } = require('node:perf_hooks');

const cpu = process.cpuUsage();
const from = performance.now();
const { handler } = require(process.argv[2]);
const took_ms = performance.now() - from;
const { user, system } = process.cpuUsage(cpu);
if (typeof handler !== 'function') throw new Error(`${process.argv[2]} has no handler`);
process.stdout.write(JSON.stringify({ took_ms, cpu_ms: (user + system) / 1000 }), () => process.exit()); // what the module opened must not keep the process
