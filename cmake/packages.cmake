# Everything comes from Debian 12 packages (./dev lists them). Boost is 1.81, not the default 1.74.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url system)
find_package(PkgConfig REQUIRED)
pkg_check_modules(carespkg REQUIRED IMPORTED_TARGET GLOBAL libcares)
pkg_check_modules(nghttp2pkg REQUIRED IMPORTED_TARGET GLOBAL libnghttp2)
pkg_check_modules(re2pkg REQUIRED re2)
pkg_check_modules(pugixmlpkg REQUIRED IMPORTED_TARGET GLOBAL pugixml)
pkg_check_modules(ldnspkg REQUIRED IMPORTED_TARGET GLOBAL ldns)
pkg_check_modules(xxhashpkg REQUIRED IMPORTED_TARGET GLOBAL libxxhash)
pkg_check_modules(spdlogpkg REQUIRED IMPORTED_TARGET GLOBAL spdlog)
foreach(name cares nghttp2 pugixml ldns xxhash spdlog)
  add_library(${name} ALIAS PkgConfig::${name}pkg)
endforeach()
# Its flags hold -pthread, which no precompiled header of ours was made with: the library alone.
add_library(re2 INTERFACE)
target_link_libraries(re2 INTERFACE ${re2pkg_LINK_LIBRARIES})
# jemalloc instead of glibc's malloc, in optimised programs alone: sanitizers bring their own, and a debugger wants the
# usual one. docs/decisions/allocator.md has the figures.
add_library(allocator INTERFACE)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT DNSD_SANITIZE)
  pkg_check_modules(jemallocpkg REQUIRED IMPORTED_TARGET GLOBAL jemalloc)
  target_link_libraries(allocator INTERFACE PkgConfig::jemallocpkg)
endif()
add_library(CLI11 INTERFACE)         # header-only
add_library(tomlplusplus INTERFACE)  # header-only

# Asio, Beast and their TLS parts are compiled once here, not in every file that includes them.
add_library(net STATIC cmake/net.cc)
target_compile_definitions(net PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
                                      BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_libraries(net PUBLIC settings fmt::fmt OpenSSL::SSL OpenSSL::Crypto Threads::Threads Boost::json Boost::url
                                 Boost::system)
target_precompile_headers(net PRIVATE cmake/pch_net.h)

add_library(plain STATIC cmake/plain.cc)
target_link_libraries(plain PUBLIC settings fmt::fmt)
target_precompile_headers(plain PRIVATE cmake/pch_std.h)
