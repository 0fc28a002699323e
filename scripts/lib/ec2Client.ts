import type { EC2Client } from "@aws-sdk/client-ec2";
import { ec2LabOf } from "./ec2Lab";
import type { StackFile } from "./stack";

/** The SDK and a client of it for where the stack's instances are: the lab, or the region of the stack, with the credentials of AWS's tools. */
export async function ec2Client(file: StackFile) {
    // Loaded only here: it is large, and most runs do not need it.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
    const sdk = await import("@aws-sdk/client-ec2");
    return { sdk, client: clientFor(sdk.EC2Client, file) };
}

function clientFor(Client: typeof EC2Client, file: StackFile): EC2Client {
    const lab = ec2LabOf(file);
    if (lab) return new Client({ ...lab, credentials: { accessKeyId: "lab", secretAccessKey: "lab" } });
    const region = file.get("aws:region");
    const profile = file.get("aws:profile");
    return new Client({
        ...(typeof region === "string" && { region }),
        ...(typeof profile === "string" && { profile }),
    });
}
