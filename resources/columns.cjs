// The columns of Bronze as Glue and the delivery stream want them, from the one table of columns.
const columns = require('../lib/stream/columns.json');

module.exports = {
  glue: columns.map(({ name, type, comment }) => ({ Name: name, Type: type, ...(comment && { Comment: comment }) })),
  keys: Object.fromEntries(columns.map(({ name, key }) => [name, key])),
};
