import { vcpuQuotaOf } from "../../scripts/lib/doctor/quotas";

it.each([
    ["t3.small", "L-1216C47A", "L-34B43A08"],
    ["c7gn.16xlarge", "L-1216C47A", "L-34B43A08"],
    ["im4gn.large", "L-1216C47A", "L-34B43A08"],
    ["i7ie.large", "L-1216C47A", "L-34B43A08"],
    ["inf2.xlarge", "L-1945791B", "L-B5D1601B"],
    ["g6.xlarge", "L-DB2E81BA", "L-3819A6DF"],
    ["vt1.3xlarge", "L-DB2E81BA", "L-3819A6DF"],
    ["trn1.2xlarge", "L-2C3B7624", "L-6B0D517C"],
    ["x2gd.medium", "L-7295265B", "L-E3A00192"],
])("%s counts for AWS's quota %s on demand and %s as spot", (type, onDemand, spot) => {
    expect(vcpuQuotaOf(type)).toMatchObject({ onDemand, spot });
});

it.each(["hpc7a.96xlarge", "u-6tb1.metal", "mac2.metal", "", "T3.small"])("%s has no quota that is known", (type) => {
    expect(vcpuQuotaOf(type)).toBeUndefined();
});
