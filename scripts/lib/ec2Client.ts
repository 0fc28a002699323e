import { withoutAwsWarning } from "../../components/environment";
import { ec2LabOf } from "./ec2Lab";
import type { StackFile } from "./stack";

export type Ec2Sdk = typeof import("@aws-sdk/client-ec2");

/**
 * The SDK and a client of it for where the stack's instances are.
 *
 * @param region of AWS, where the stack's file says none. Default: what AWS's own tools would take
 */
export async function ec2Client(file: Pick<StackFile, "get">, region?: string) {
    // Loaded only here: it is large, and most runs do not need it.
    withoutAwsWarning();
    const sdk: Ec2Sdk = await import("@aws-sdk/client-ec2");
    return { sdk, client: awsClient(sdk.EC2Client, file, region) };
}

/** What every client of the AWS SDK takes. */
interface ClientConfig {
    endpoint?: string;
    region?: string;
    profile?: string;
    credentials?: { accessKeyId: string; secretAccessKey: string };
}

/** A client for where the stack's instances are: the lab, or the region of the stack, with the credentials of AWS's tools. */
export function awsClient<Client>(
    type: new (config: ClientConfig) => Client,
    file: Pick<StackFile, "get">,
    byDefault?: string,
): Client {
    const lab = ec2LabOf(file);
    if (lab) return new type({ ...lab, credentials: { accessKeyId: "lab", secretAccessKey: "lab" } });
    const region = file.get("aws:region") ?? byDefault;
    const profile = file.get("aws:profile");
    return new type({
        ...(typeof region === "string" && { region }),
        ...(typeof profile === "string" && { profile }),
    });
}
