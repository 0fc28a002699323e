import { Provider } from "@pulumi/aws/provider";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { withoutAwsWarning } from "../environment";

/** What is known of the AWS account before it is asked anything. */
export interface AwsAccount {
    /** Stack config `aws:region`, else AWS_REGION. */
    region?: string;
    /** Stack config `aws:profile`. */
    profile?: string;
    /** Whether the stack's config brings credentials of its own (`aws:accessKey`, `aws:assumeRoles` …). */
    configured: boolean;
}

/** An EC2 endpoint of the lab, which wants no account. */
export interface LabEndpoint {
    endpoint: string;
    region: string;
}

/**
 * Whether AWS can be asked at all.
 *
 * @returns the mistakes, a line each
 */
export async function accountMistakes(account: AwsAccount): Promise<string[]> {
    const mistakes: string[] = [];
    if (account.region === undefined) {
        mistakes.push(
            "aws:region: it is missing; choose one with: ./scripts/pulumi config set -s STACK aws:region eu-central-1",
        );
    }
    if (!account.configured) {
        withoutAwsWarning();
        // It looks where every tool of AWS looks: environment, profile, SSO, container and instance roles.
        const found = await defaultProvider({ profile: account.profile, maxRetries: 0, timeout: 1000 })().then(
            () => true,
            () => false, // its own text names a dozen sources; the message below says what to do
        );
        if (!found) {
            mistakes.push(
                "there are no AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE, or " +
                    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. To try the stack without an account: ./scripts/up -s STACK --lab",
            );
        }
    }
    return mistakes;
}

/** The aws provider that talks to the lab. Its credentials are as made up as the account. */
export function labProvider(name: string, { endpoint, region }: LabEndpoint): Provider {
    return new Provider(name, {
        region: region as never,
        accessKey: "lab",
        secretKey: "lab",
        endpoints: [{ ec2: endpoint, iam: endpoint, sts: endpoint }],
        skipCredentialsValidation: true,
        skipRegionValidation: true,
        skipRequestingAccountId: true,
        skipMetadataApiCheck: true,
    });
}
