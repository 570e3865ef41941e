#!/usr/bin/perl
# Holds HOST PORT in such a way that every packet to it vanishes, SYN included, as behind a firewall that drops: a listening socket whose
# packet filter accepts nothing. Needs no privilege. Ends when its standard input does.
use strict;
use warnings;
use Socket;

my ($host, $port) = @ARGV;
my $so_attach_filter = 26;
my $drop_everything  = pack('S C C L', 0x06, 0, 0, 0);
my $program          = pack('S x![P] P', 1, $drop_everything);

socket(my $socket, PF_INET, SOCK_STREAM, getprotobyname('tcp')) or die "socket: $!\n";
setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) or die "reuse: $!\n";
bind($socket, pack_sockaddr_in($port, inet_aton($host))) or die "bind $host:$port: $!\n";
setsockopt($socket, SOL_SOCKET, $so_attach_filter, $program) or die "filter: $!\n";
listen($socket, 1) or die "listen: $!\n";
$| = 1;
print "dropping everything to $host:$port\n";
1 while <STDIN>;
