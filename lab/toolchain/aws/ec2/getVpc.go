package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// GetVpc finds one VPC.
type GetVpc struct{}

// GetVpcArgs say which.
type GetVpcArgs struct {
	ID        *string           `pulumi:"functionId,optional"`
	CidrBlock *string           `pulumi:"cidrBlock,optional"`
	Default   *bool             `pulumi:"default,optional"`
	Filters   []Filter          `pulumi:"filters,optional"`
	State     *string           `pulumi:"state,optional"`
	Tags      map[string]string `pulumi:"tags,optional"`
}

// GetVpcResult is the VPC.
type GetVpcResult struct {
	ID              string            `pulumi:"functionId"`
	Arn             string            `pulumi:"arn"`
	CidrBlock       string            `pulumi:"cidrBlock"`
	Default         bool              `pulumi:"default"`
	DhcpOptionsId   string            `pulumi:"dhcpOptionsId"`
	Filters         []Filter          `pulumi:"filters,optional"`
	InstanceTenancy string            `pulumi:"instanceTenancy"`
	Ipv6CidrBlock   string            `pulumi:"ipv6CidrBlock"`
	OwnerId         string            `pulumi:"ownerId"`
	Region          string            `pulumi:"region"`
	State           string            `pulumi:"state"`
	Tags            map[string]string `pulumi:"tags"`
}

// Annotate gives it the official token.
func (f *GetVpc) Annotate(a infer.Annotator) { a.SetToken("ec2/getVpc", "getVpc") }

// Invoke wants exactly one.
func (GetVpc) Invoke(
	ctx context.Context, r infer.FunctionRequest[GetVpcArgs],
) (infer.FunctionResponse[GetVpcResult], error) {
	args := r.Input
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.FunctionResponse[GetVpcResult]{}, err
	}
	input := &ec2.DescribeVpcsInput{Filters: filters(args.Filters, args.Tags, map[string]*string{
		"cidr": args.CidrBlock, "isDefault": yes(args.Default), "state": args.State,
	})}
	if args.ID != nil {
		input.VpcIds = []string{*args.ID}
	}
	found, err := client.DescribeVpcs(ctx, input)
	if err == nil {
		err = one(len(found.Vpcs), "VPC")
	}
	if err != nil {
		return infer.FunctionResponse[GetVpcResult]{}, failed("reading VPC", aws.ToString(args.ID), err)
	}
	vpc := found.Vpcs[0]
	id := aws.ToString(vpc.VpcId)
	result := GetVpcResult{
		ID: id, Arn: config.ARN(ctx, aws.ToString(vpc.OwnerId), "vpc/"+id), CidrBlock: aws.ToString(vpc.CidrBlock),
		Default: aws.ToBool(vpc.IsDefault), DhcpOptionsId: aws.ToString(vpc.DhcpOptionsId), Filters: args.Filters,
		InstanceTenancy: string(vpc.InstanceTenancy), OwnerId: aws.ToString(vpc.OwnerId),
		Region: config.Region(ctx), State: string(vpc.State), Tags: config.TagMap(vpc.Tags),
	}
	for _, block := range vpc.Ipv6CidrBlockAssociationSet {
		if block.Ipv6CidrBlockState != nil && block.Ipv6CidrBlockState.State == "associated" {
			result.Ipv6CidrBlock = aws.ToString(block.Ipv6CidrBlock)
		}
	}
	return infer.FunctionResponse[GetVpcResult]{Output: result}, nil
}
