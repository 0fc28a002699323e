import { doctorTests } from "./dayTwo/doctor";
import { driftTests } from "./dayTwo/drift";
import { DayTwoHost } from "./dayTwo/host";
import { leftoversTests } from "./dayTwo/leftovers";
import { reachTests } from "./dayTwo/reach";
import { rotationTests } from "./dayTwo/rotation";
import { volumeTests } from "./dayTwo/volume";

jest.setTimeout(20 * 60_000);

const host = new DayTwoHost();
beforeAll(() => host.start());
afterAll(() => host.remove());

reachTests(host);
driftTests(host);
volumeTests(host);
rotationTests(host);
doctorTests(host);
leftoversTests(host);
