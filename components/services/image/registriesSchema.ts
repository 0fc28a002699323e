import { z } from "zod";

const HOST = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:\d{1,5})?$/;

/** Who pulls from a registry: a user with a password or token, or, with Amazon ECR, whoever runs Pulumi. */
const credentialsSchema = z.union(
    [
        z.strictObject({
            username: z.string().min(1).describe("User of the registry."),
            password: z.string().min(1).describe("Password or token. Keep it as a secret: `config set --secret`."),
        }),
        z.strictObject({
            ecr: z.literal(true).describe("Amazon ECR: a token is fetched at each run with the AWS credentials."),
        }),
    ],
    { error: "write { username, password }, or { ecr: true } for Amazon ECR" },
);

/** `berth:registries`: credentials by the registry's host, such as `ghcr.io`. */
export const registriesSchema = z
    .record(
        z.string().regex(HOST, { error: "not a registry's host; write HOST[:PORT], such as ghcr.io" }),
        credentialsSchema,
        {
            error: "write a map: the registry's host, and its credentials",
        },
    )
    .describe("Credentials of private registries, by host.");

export type Registries = z.output<typeof registriesSchema>;
