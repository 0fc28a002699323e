"use strict";
const path = require("node:path");
const { default: TestSequencer } = require("@jest/test-sequencer");

/** The files of a suite that take longest, in their order: the last of two workers to end waits for none of them. */
const LONGEST = [
    ...["swap", "compose", "composeParity", "proxy", "tutorial"],
    ...["sshFaults", "engineFaults", "installFaults", "ec2Servers", "localMachine", "eightHosts"],
];

/** Where files run side by side, the long ones begin. Of a fresh clone, jest itself knows no more than their sizes. */
module.exports = class extends TestSequencer {
    /**
     * @override
     * @param {import("@jest/test-result").Test[]} tests
     */
    async sort(tests) {
        const rank = (/** @type {{ path: string }} */ test) => {
            const at = LONGEST.indexOf(path.basename(test.path, ".test.ts"));
            return at < 0 ? LONGEST.length : at;
        };
        return [...(await super.sort(tests))].sort((a, b) => rank(a) - rank(b));
    }
};
