import { parseImageReference } from "../../components/services/image/imageReference";
import { probeOf } from "../../components/services/healthGate";

const digest = `sha256:${"0".repeat(64)}`;

test.each([
    ["nginx", { repository: "nginx" }],
    ["nginx:1.30", { repository: "nginx", tag: "1.30" }],
    ["ghcr.io/me/my-app:v1", { repository: "ghcr.io/me/my-app", tag: "v1" }],
    ["localhost:5000/a/b__c@" + digest, { repository: "localhost:5000/a/b__c", digest }],
    [`berth-lab:5000/nginx:1@${digest}`, { repository: "berth-lab:5000/nginx", tag: "1", digest }],
])("%s is understood", (text, parts) => {
    expect(parseImageReference(text)).toEqual({ tag: undefined, digest: undefined, ...parts });
});

test.each([
    "",
    "Nginx",
    "nginx:",
    ":1.30",
    "nginx:1 30",
    "a//b",
    "/nginx",
    "nginx@sha256:12",
    "nginx;rm",
    "-nginx",
    "nginx\n",
])("%j is no image reference", (text) => expect(parseImageReference(text)).toBeUndefined());

const ports = [{ published: 8080, target: 8081, protocol: "tcp" as const }];

test.each(["nginx", "nginx:1.30", "library/nginx", "docker.io/library/nginx:1"])(
    "%s is probed on its own port",
    (image) => expect(probeOf({ image, ports })).toContain("http://127.0.0.1:8081/"),
);

test.each(["me/nginx", "ghcr.io/nginx", "redis", "constructor"])("nothing is known of %s to probe", (image) => {
    expect(probeOf({ image, ports })).toEqual([]);
});
