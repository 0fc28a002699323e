/** Canonical's account, which publishes Ubuntu's images. https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
export const CANONICAL = "099720109477";
/** EC2's name of an architecture, and the one in the images' names, which is Docker's too. */
export const IMAGE_ARCHITECTURE = { x86_64: "amd64", arm64: "arm64" };

export type Architecture = keyof typeof IMAGE_ARCHITECTURE;

/** The architectures of an instance type for which there are images, the preferred one first. */
export const knownArchitectures = (supported: string[]): Architecture[] =>
    (Object.keys(IMAGE_ARCHITECTURE) as Architecture[]).filter((one) => supported.includes(one));

/** What the images of a release are called. */
export const imageName = (release: string, architecture: Architecture): string =>
    `ubuntu/images/hvm-ssd*/ubuntu-*-${release}-${IMAGE_ARCHITECTURE[architecture]}-server-*`;

/** What AWS finds them by, among Canonical's. */
export const imageFilters = (release: string, architecture: Architecture) => [
    { name: "name", values: [imageName(release, architecture)] },
    { name: "architecture", values: [architecture] as string[] },
    { name: "virtualization-type", values: ["hvm"] },
];
