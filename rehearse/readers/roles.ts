import {
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import { answered, documentOf, type Reader, type Shown } from './reader.ts';

export const ROLE: Reader = {
  read: async ({ iam }, { physical: RoleName, properties }) => {
    const role = (await answered(iam.send(new GetRoleCommand({ RoleName }))))?.Role;
    if (role === undefined) return undefined;
    const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    const wanted = ((properties.Policies ?? []) as Shown[]).map((policy) => String(policy.PolicyName));
    return {
      ...role,
      AssumeRolePolicyDocument: documentOf(role.AssumeRolePolicyDocument),
      // A set: in the template's order, and what the template doesn't have behind it.
      Policies: await Promise.all(
        PolicyNames.toSorted((a, b) => wanted.indexOf(a) - wanted.indexOf(b)).map(async (PolicyName) => {
          const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
          return { PolicyName, PolicyDocument: documentOf(PolicyDocument) };
        }),
      ),
      ManagedPolicyArns: AttachedPolicies.map((policy) => policy.PolicyArn),
    };
  },
};
