package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func TestAnUnknownInputFailsByItsName(t *testing.T) {
	server, _ := start(t, nil)
	for token, inputs := range map[string]map[string]any{
		instanceToken:                         {"ami": "ami-1", "instanceType": "t3.small", "hibernation": true},
		"aws:ec2/securityGroup:SecurityGroup": {"ingress": []any{}},
		"aws:ebs/volume:Volume":               {"availabilityZone": "a", "size": 1., "multiAttachEnabled": true},
		"aws:iam/role:Role":                   {"assumeRolePolicy": "{}", "permissionsBoundary": "x"},
	} {
		checked, err := server.Check(p.CheckRequest{Urn: urn(token, "x"), Inputs: properties(inputs)})
		if err != nil || len(checked.Failures) != 1 {
			t.Errorf("%s: %v, %v", token, checked.Failures, err)
			continue
		}
		failure := checked.Failures[0]
		if _, has := inputs[failure.Property]; !has || !strings.Contains(failure.Reason, "does not have") {
			t.Errorf("%s: %+v", token, failure)
		}
	}
}

func TestUnknownProviderConfigurationFailsByItsName(t *testing.T) {
	server, _ := start(t, nil)
	checked, err := server.CheckConfig(p.CheckRequest{
		Urn: urn("pulumi:providers:aws", "aws"), Inputs: properties(map[string]any{
			"region": "x", "assumeRoles": "[]", "endpoints": []any{
				map[string]any{"ec2": "http://127.0.0.1:1", "s3": "http://127.0.0.1:1"},
			}}),
	})
	if err != nil || len(checked.Failures) != 1 || checked.Failures[0].Property != "assumeRoles" {
		t.Errorf("%v, %v", checked.Failures, err)
	}
}

func TestNothingButALabsEndpointIsSpokenTo(t *testing.T) {
	near, far := "http://172.30.0.2:5000", "https://ec2.eu-west-1.amazonaws.com"
	for name, c := range map[string]struct {
		endpoints map[string]any
		refused   bool
	}{
		"AWS":                {nil, true},
		"AWS by its name":    {map[string]any{"ec2": far, "iam": far}, true},
		"AWS for some":       {map[string]any{"ec2": near}, true},
		"a public address":   {map[string]any{"ec2": "http://198.51.100.1:5000", "iam": near}, true},
		"the lab":            {map[string]any{"ec2": near, "iam": near, "sts": near}, false},
		"the lab, by a name": {map[string]any{"ec2": "http://localhost:1", "iam": "http://[::1]:1"}, false},
	} {
		server, _ := start(t, nil)
		config := map[string]any{"region": "eu-west-1", "accessKey": "test", "secretKey": "test"}
		if c.endpoints != nil {
			config["endpoints"] = []any{c.endpoints}
		}
		checked, err := server.CheckConfig(p.CheckRequest{
			Urn: urn("pulumi:providers:aws", "aws"), Inputs: properties(config),
		})
		if err != nil || (len(checked.Failures) > 0) != c.refused {
			t.Errorf("%s: %v, %v", name, checked.Failures, err)
		}
		for _, failure := range checked.Failures {
			if failure.Property != "endpoints" || !strings.Contains(failure.Reason, "--lab") {
				t.Errorf("%s: %+v", name, failure)
			}
		}
	}
}

// A state that another toolchain wrote is configured without a check.
func TestWhatIsConfiguredForAWSMakesNoClient(t *testing.T) {
	plugin, err := provider()
	if err != nil {
		t.Fatal(err)
	}
	server, err := integration.NewServer(t.Context(), name, semver.MustParse(version), integration.WithProvider(plugin))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Configure(p.ConfigureRequest{Args: properties(map[string]any{"region": "eu-west-1"})}); err != nil {
		t.Fatal(err)
	}
	_, err = server.Read(p.ReadRequest{ID: "key", Urn: urn("aws:ec2/keyPair:KeyPair", "key")})
	if err == nil || !strings.Contains(err.Error(), "serves the lab alone") {
		t.Errorf("%v", err)
	}
}

func TestAResourceWithoutANameKeepsTheOneItGets(t *testing.T) {
	server, _ := start(t, nil)
	check := func(old property.Map, inputs map[string]any) string {
		inputs["publicKey"] = "ssh-ed25519 AAAA"
		checked, err := server.Check(p.CheckRequest{
			Urn: urn("aws:ec2/keyPair:KeyPair", "key"), State: old, Inputs: properties(inputs),
		})
		if err != nil || len(checked.Failures) > 0 {
			t.Fatal(err, checked.Failures)
		}
		return checked.Inputs.Get("keyName").AsString()
	}
	named := func(name string) property.Map { return properties(map[string]any{"keyName": name}) }
	first := check(property.Map{}, map[string]any{})
	if !regexp.MustCompile(`^key-[0-9a-f]{7}$`).MatchString(first) {
		t.Errorf("named %q", first)
	}
	if again := check(named(first), map[string]any{}); again != first {
		t.Errorf("renamed from %q to %q", first, again)
	}
	if other := check(property.Map{}, map[string]any{}); other == first {
		t.Errorf("a replacement has the same name, %q", other)
	}
	if own := check(named(first), map[string]any{"keyName": "mine"}); own != "mine" {
		t.Errorf("named %q", own)
	}
}

func TestAnOwnNameIsFreedBeforeTheReplacementTakesIt(t *testing.T) {
	server, _ := start(t, nil)
	for name, want := range map[string]bool{"mine": true, "key-0123abc": false} {
		old := map[string]any{"keyName": name, "publicKey": "a"}
		new := map[string]any{"keyName": name, "publicKey": "b"}
		state := properties(map[string]any{
			"keyName": name, "publicKey": "a", "arn": "", "fingerprint": "", "keyPairId": "", "keyType": "", "region": "",
			"tagsAll": map[string]any{},
		})
		response, err := server.Diff(p.DiffRequest{
			ID: name, Urn: urn("aws:ec2/keyPair:KeyPair", "key"), State: state,
			OldInputs: properties(old), Inputs: properties(new),
		})
		if err != nil || response.DeleteBeforeReplace != want || response.DetailedDiff["publicKey"].Kind != p.UpdateReplace {
			t.Errorf("%s: %+v, %v", name, response, err)
		}
	}
}

func TestARuleWantsOneSource(t *testing.T) {
	server, _ := start(t, nil)
	for sources, want := range map[int]int{0: 1, 1: 0, 2: 1} {
		inputs := map[string]any{"securityGroupId": "sg-1", "ipProtocol": "-1"}
		if sources > 0 {
			inputs["cidrIpv4"] = "10.0.0.0/8"
		}
		if sources > 1 {
			inputs["cidrIpv6"] = "::/0"
		}
		checked, err := server.Check(p.CheckRequest{
			Urn: urn("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "x"), Inputs: properties(inputs),
		})
		if err != nil || len(checked.Failures) != want {
			t.Errorf("%d sources: %v, %v", sources, checked.Failures, err)
		}
	}
}

func TestFunctionsHaveTheOfficialId(t *testing.T) {
	server, fake := start(t, running())
	fake.answers["DescribeVpcs"] = always(`<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>`)
	found, err := server.Invoke(p.InvokeRequest{
		Token: "aws:ec2/getVpc:getVpc", Args: properties(map[string]any{"id": "vpc-1"}),
	})
	if err != nil || len(found.Failures) > 0 || found.Return.Get("id").AsString() != "vpc-1" {
		t.Errorf("%+v, %v", found, err)
	}
	if got := fake.asked[0].Get("VpcId.1"); got != "vpc-1" {
		t.Errorf("asked for %q", got)
	}
}

func TestSeveralImagesNeedMostRecent(t *testing.T) {
	server, fake := start(t, running())
	fake.answers["DescribeImages"] = always(`<imagesSet>
		<item><imageId>ami-old</imageId><creationDate>2025-01-01T00:00:00Z</creationDate></item>
		<item><imageId>ami-new</imageId><creationDate>2026-01-01T00:00:00Z</creationDate></item></imagesSet>`)
	ask := func(args map[string]any) (p.InvokeResponse, error) {
		return server.Invoke(p.InvokeRequest{Token: "aws:ec2/getAmi:getAmi", Args: properties(args)})
	}
	if _, err := ask(map[string]any{}); err == nil || !strings.Contains(err.Error(), "more than one result") {
		t.Errorf("without mostRecent: %v", err)
	}
	found, err := ask(map[string]any{"mostRecent": true})
	if err != nil || found.Return.Get("id").AsString() != "ami-new" {
		t.Errorf("with mostRecent: %v, %v", found.Return, err)
	}
	fake.answers["DescribeImages"] = always("<imagesSet/>")
	if _, err := ask(map[string]any{}); err == nil || !strings.Contains(err.Error(), "no results") {
		t.Errorf("none: %v", err)
	}
}

func TestWhatIsGoneIsDeletedWithSuccess(t *testing.T) {
	server, fake := start(t, running())
	for token, c := range map[string]struct{ state, answers map[string]any }{
		"aws:ec2/eipAssociation:EipAssociation": {
			map[string]any{"region": ""}, map[string]any{"DisassociateAddress": "refuse InvalidAssociationID.NotFound"},
		},
		"aws:ec2/volumeAttachment:VolumeAttachment": {
			map[string]any{"deviceName": "/dev/sdf", "instanceId": "i-1", "volumeId": "vol-1", "region": ""},
			map[string]any{"DescribeVolumes": "refuse InvalidVolume.NotFound"},
		},
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
			map[string]any{
				"securityGroupId": "sg-1", "ipProtocol": "tcp", "arn": "", "region": "", "securityGroupRuleId": "",
				"tagsAll": map[string]any{},
			},
			map[string]any{"RevokeSecurityGroupIngress": "refuse InvalidSecurityGroupRuleId.NotFound"},
		},
	} {
		for action, answer := range c.answers {
			fake.answers[action] = always(answer.(string))
		}
		if err := server.Delete(p.DeleteRequest{ID: "x", Urn: urn(token, "x"), Properties: properties(c.state)}); err != nil {
			t.Errorf("%s: %v", token, err)
		}
	}
}
