/** `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, also of China and FIPS endpoints. */
const HOST = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;

/**
 * A user and a password for a private registry of Amazon ECR, which count for 12 hours, by the AWS credentials of
 * whoever runs this.
 *
 * @param host `ACCOUNT.dkr.ecr.REGION.amazonaws.com`
 * @throws Error, for people, where AWS gives none
 */
export async function ecrToken(host: string): Promise<{ username: string; password: string }> {
    const region = HOST.exec(host)?.[2];
    if (region === undefined) {
        throw new Error(`${host} is no registry of Amazon ECR: write ACCOUNT.dkr.ecr.REGION.amazonaws.com`);
    }
    // The AWS SDK takes long to load, and few need it.
    const { ECRClient, GetAuthorizationTokenCommand } = await import("@aws-sdk/client-ecr");
    try {
        const answer = await new ECRClient({ region }).send(new GetAuthorizationTokenCommand({}));
        const token = answer.authorizationData?.[0]?.authorizationToken ?? "";
        const [username = "", password = ""] = Buffer.from(token, "base64").toString().split(/:(.*)/s);
        return { username, password };
    } catch (error) {
        const { name, message } = error as Error;
        throw new Error(
            `AWS gives no token for the registry ${host}: ${name}: ${message}; the AWS credentials need ecr:GetAuthorizationToken`,
        );
    }
}
