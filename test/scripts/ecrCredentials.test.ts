import { spawn } from "node:child_process";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";

const helper = path.resolve(__dirname, "../../scripts/lib/credential-helpers/docker-credential-berth-ecr");
const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

let server: http.Server;
let asked: { target: unknown; authorization: string }[];
let answer: { status: number; body: unknown };
beforeEach(async () => {
    asked = [];
    server = http.createServer((request, response) => {
        asked.push({
            target: request.headers["x-amz-target"],
            authorization: request.headers.authorization ?? "",
        });
        response.writeHead(answer.status, { "Content-Type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
});

function get(host: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const { port } = server.address() as AddressInfo;
    const env = {
        ...process.env,
        AWS_ENDPOINT_URL_ECR: `http://127.0.0.1:${port}`,
        AWS_ACCESS_KEY_ID: "key",
        AWS_SECRET_ACCESS_KEY: "secret",
        AWS_MAX_ATTEMPTS: "1",
    };
    const child = spawn(helper, ["get"], { env });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
    child.stdin.end(host);
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...output })));
}

it("the docker plugin gets a fresh token of the registry's own region", async () => {
    const token = Buffer.from("AWS:to:ken").toString("base64");
    answer = { status: 200, body: { authorizationData: [{ authorizationToken: token }] } };
    const result = await get(HOST);
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({ ServerURL: HOST, Username: "AWS", Secret: "to:ken" });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
        target: "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
        authorization: expect.stringContaining("/eu-west-1/ecr/"),
    });
}, 30_000);

it("without AWS there are no credentials, which stops neither a refresh nor a destroy", async () => {
    answer = { status: 400, body: { __type: "AccessDeniedException", message: "not you" } };
    expect(await get(HOST)).toEqual({
        code: 1,
        stdout: "credentials not found in native keychain",
        stderr: expect.stringMatching(/AWS gives no token for the registry .*: AccessDeniedException: not you/),
    });
    expect((await get("ghcr.io")).stderr).toContain("ghcr.io is no registry of Amazon ECR");
}, 30_000);
