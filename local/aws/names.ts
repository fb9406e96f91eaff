/** The account and region of the embedded AWS, as they stand in ARNs. */
export const ACCOUNT_ID = '000000000000';
export const REGION = 'us-east-1';

export const arnOf = (service: string, resource: string): string =>
  `arn:aws:${service}:${REGION}:${ACCOUNT_ID}:${resource}`;
