'use strict';
const Module = require('node:module');

// Lambda finds a handler in a .cjs file; ministack's runner asks for the name without its end, and Node then tries only .js, .json and .node.
Module._extensions['.cjs'] ??= Module._extensions['.js'];
