// Go's own resolver: answers the questions on its standard input; see resolving.py.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

func ask(resolver *net.Resolver, kind, name string) ([]string, error) {
	ctx := context.Background()
	name += "." // as it is, whatever search list this machine has
	if kind != "SRV" {
		network := map[string]string{"A": "ip4", "AAAA": "ip6"}[kind]
		found, err := resolver.LookupIP(ctx, network, name)
		var records []string
		for _, address := range found {
			records = append(records, address.String())
		}
		return records, err
	}
	// Service and protocol apart, as its users call it: _worker._tcp.corp is ("worker", "tcp", "corp").
	parts := strings.SplitN(name, ".", 3)
	_, found, err := resolver.LookupSRV(ctx, parts[0][1:], parts[1][1:], parts[2])
	var records []string
	for _, r := range found {
		records = append(records, fmt.Sprintf("%d:%d:%d:%s", r.Priority, r.Weight, r.Port, strings.TrimSuffix(r.Target, ".")))
	}
	return records, err
}

func main() {
	resolver := &net.Resolver{
		PreferGo:     true,
		StrictErrors: true,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, os.Args[1])
		},
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		kind, name, _ := strings.Cut(lines.Text(), " ")
		records, err := ask(resolver, kind, name)
		var failed *net.DNSError
		switch {
		case errors.As(err, &failed) && failed.IsNotFound:
			fmt.Println("NXDOMAIN")
		case err != nil:
			fmt.Println("error", err)
		default:
			fmt.Println(strings.Join(records, " "))
		}
	}
}
