'use strict';
// A removed stage leaves its lake, and CloudFormation creates no bucket that is there. So with `lake: adopt` the template has no bucket of
// its own: whatever refers to it means the one of that name. Everything else is as in a template that creates it.

const LAKE = 'LakeBucket';
const arnOf = (name) => `arn:\${AWS::Partition}:s3:::${name}`;

/** Takes the bucket out of a compiled template, in place: `name` is what the references mean then. */
function adoptLake(template, name) {
  delete template.Resources[LAKE];
  for (const resource of Object.values(template.Resources)) {
    if (resource.DependsOn === undefined) continue;
    const others = [resource.DependsOn].flat().filter((id) => id !== LAKE);
    if (others.length > 0) resource.DependsOn = others;
    else delete resource.DependsOn;
  }
  for (const part of ['Resources', 'Outputs']) template[part] = byName(template[part], name);
}

function byName(value, name) {
  if (Array.isArray(value)) return value.map((v) => byName(v, name));
  if (value === null || typeof value !== 'object') return value;
  if (value.Ref === LAKE) return name;
  if ('Fn::GetAtt' in value) return attributeByName(value, name);
  if ('Fn::Sub' in value) return subByName(value['Fn::Sub'], name);
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, byName(v, name)]));
}

function attributeByName(value, name) {
  const [id, attribute] = [value['Fn::GetAtt']].flat().join('.').split('.');
  if (id !== LAKE) return value;
  if (attribute === 'Arn') return { 'Fn::Sub': arnOf(name) };
  throw new Error(`the lake is adopted, and its ${attribute} is not known then: make it of its name`);
}

function subByName(argument, name) {
  const replaced = (text) => text.replaceAll(`\${${LAKE}.Arn}`, arnOf(name)).replaceAll(`\${${LAKE}}`, name);
  if (typeof argument !== 'string') return { 'Fn::Sub': [replaced(argument[0]), byName(argument[1], name)] };
  const text = replaced(argument);
  return text.includes('${') ? { 'Fn::Sub': text } : text;
}

module.exports = { adoptLake };
