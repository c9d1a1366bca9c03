# Warnings are errors; what is switched off says why.
add_library(settings INTERFACE)
target_include_directories(settings INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(settings INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wconversion -Wno-sign-conversion
                                          -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports -Wrestrict and friends falsely on std::string and std::variant from -O2 on (GCC bugs 105329, 105651).
  target_compile_options(settings INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
                                            -Wno-array-bounds -Wno-stringop-overread -Wno-dangling-pointer)
  # Unity builds compile a .cc file as a header of another, which is what -Wsubobject-linkage looks for; coroutine frames
  # of Asio meet -Wmismatched-new-delete only once they are inlined together (GCC bug 109224).
  target_compile_options(settings INTERFACE -Wno-subobject-linkage -Wno-mismatched-new-delete)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's own std::stable_sort calls std::get_temporary_buffer, which clang reports in our name.
  target_compile_options(settings INTERFACE -Wno-deprecated-declarations)
endif()
if(DNSD_SANITIZE)
  target_compile_options(settings INTERFACE -fsanitize=${DNSD_SANITIZE} -fno-omit-frame-pointer
                                            -fno-sanitize-recover=all)
  target_link_options(settings INTERFACE -fsanitize=${DNSD_SANITIZE})
  if(DNSD_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(settings INTERFACE -Wno-tsan)  # Asio's fences are not understood by TSan
  endif()
endif()
if(DNSD_FUZZ)  # coverage of the code under test; everything alike, or clang refuses the precompiled headers
  target_compile_options(settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_program(MOLD mold)
if(MOLD AND NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)
  target_link_options(settings INTERFACE -fuse-ld=mold)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)  # lets ccache see through precompiled headers
endif()
