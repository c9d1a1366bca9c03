/* What a statically linked musl program sees: resolve_name NAME [PORT] prints the addresses, one a line, sorted by the
 * caller. Ends with 1 when the name does not resolve. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
  struct addrinfo hints, *found = NULL, *at;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_STREAM;
  if (argc < 2) return 2;
  int error = getaddrinfo(argv[1], argc > 2 ? argv[2] : NULL, &hints, &found);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", argv[1], gai_strerror(error));
    return 1;
  }
  for (at = found; at != NULL; at = at->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void* address = at->ai_family == AF_INET ? (void*)&((struct sockaddr_in*)at->ai_addr)->sin_addr
                                                   : (void*)&((struct sockaddr_in6*)at->ai_addr)->sin6_addr;
    puts(inet_ntop(at->ai_family, address, text, sizeof text));
  }
  freeaddrinfo(found);
  return 0;
}
