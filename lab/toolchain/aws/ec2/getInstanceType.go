package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// GetInstanceType tells what machines of a type are like.
type GetInstanceType struct{}

// GetInstanceTypeArgs name the type.
type GetInstanceTypeArgs struct {
	InstanceType string `pulumi:"instanceType"`
}

// GetInstanceTypeResult is what they are like.
type GetInstanceTypeResult struct {
	GetInstanceTypeArgs
	ID                          string   `pulumi:"functionId"`
	BareMetal                   bool     `pulumi:"bareMetal"`
	BurstablePerformanceSupport bool     `pulumi:"burstablePerformanceSupported"`
	CurrentGeneration           bool     `pulumi:"currentGeneration"`
	DefaultCores                int      `pulumi:"defaultCores"`
	DefaultVcpus                int      `pulumi:"defaultVcpus"`
	EbsEncryptionSupport        string   `pulumi:"ebsEncryptionSupport"`
	EbsNvmeSupport              string   `pulumi:"ebsNvmeSupport"`
	EbsOptimizedSupport         string   `pulumi:"ebsOptimizedSupport"`
	Hypervisor                  string   `pulumi:"hypervisor"`
	Ipv6Supported               bool     `pulumi:"ipv6Supported"`
	MemorySize                  int      `pulumi:"memorySize"`
	Region                      string   `pulumi:"region"`
	SupportedArchitectures      []string `pulumi:"supportedArchitectures"`
	SupportedRootDeviceTypes    []string `pulumi:"supportedRootDeviceTypes"`
	SupportedUsagesClasses      []string `pulumi:"supportedUsagesClasses"`
	SupportedVirtualization     []string `pulumi:"supportedVirtualizationTypes"`
}

// Annotate gives it the official token.
func (f *GetInstanceType) Annotate(a infer.Annotator) {
	a.SetToken("ec2/getInstanceType", "getInstanceType")
}

// Invoke asks for the type.
func (GetInstanceType) Invoke(
	ctx context.Context, r infer.FunctionRequest[GetInstanceTypeArgs],
) (infer.FunctionResponse[GetInstanceTypeResult], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.FunctionResponse[GetInstanceTypeResult]{}, err
	}
	info, err := findInstanceType(ctx, client, r.Input.InstanceType)
	if err != nil {
		return infer.FunctionResponse[GetInstanceTypeResult]{}, failed("reading instance type", r.Input.InstanceType, err)
	}
	result := GetInstanceTypeResult{
		GetInstanceTypeArgs: r.Input, ID: r.Input.InstanceType, Region: config.Region(ctx),
		BareMetal:                   aws.ToBool(info.BareMetal),
		BurstablePerformanceSupport: aws.ToBool(info.BurstablePerformanceSupported),
		CurrentGeneration:           aws.ToBool(info.CurrentGeneration),
		Hypervisor:                  string(info.Hypervisor),
		SupportedRootDeviceTypes:    texts(info.SupportedRootDeviceTypes),
		SupportedUsagesClasses:      texts(info.SupportedUsageClasses),
		SupportedVirtualization:     texts(info.SupportedVirtualizationTypes),
		SupportedArchitectures:      architectures(info),
	}
	if cpu := info.VCpuInfo; cpu != nil {
		result.DefaultCores, result.DefaultVcpus = int(aws.ToInt32(cpu.DefaultCores)), int(aws.ToInt32(cpu.DefaultVCpus))
	}
	if disk := info.EbsInfo; disk != nil {
		result.EbsOptimizedSupport = string(disk.EbsOptimizedSupport)
		result.EbsEncryptionSupport, result.EbsNvmeSupport = string(disk.EncryptionSupport), string(disk.NvmeSupport)
	}
	if memory := info.MemoryInfo; memory != nil {
		result.MemorySize = int(aws.ToInt64(memory.SizeInMiB))
	}
	if network := info.NetworkInfo; network != nil {
		result.Ipv6Supported = aws.ToBool(network.Ipv6Supported)
	}
	return infer.FunctionResponse[GetInstanceTypeResult]{Output: result}, nil
}

func findInstanceType(ctx context.Context, client *ec2.Client, name string) (*types.InstanceTypeInfo, error) {
	found, err := client.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{
		InstanceTypes: []types.InstanceType{types.InstanceType(name)},
	})
	if err == nil && len(found.InstanceTypes) != 1 {
		err = errNoResult
	}
	if err != nil {
		return nil, err
	}
	return &found.InstanceTypes[0], nil
}

func architectures(info *types.InstanceTypeInfo) []string {
	if info.ProcessorInfo == nil {
		return nil
	}
	return texts(info.ProcessorInfo.SupportedArchitectures)
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}
