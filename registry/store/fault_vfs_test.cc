#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "registry/store/fault_vfs.h"

namespace registry::store {

// Our part of an open file, followed in memory by the real one.
struct FaultVfs::File {
  sqlite3_file base;
  FaultVfs* owner;
  std::string* path;
  [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  [[nodiscard]] const sqlite3_io_methods& methods() { return *real()->pMethods; }
};

FaultVfs::File& FaultVfs::as_file(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

FaultVfs::FaultVfs(std::string name) : name_(std::move(name)), real_(sqlite3_vfs_find(nullptr)) {
  vfs_ = *real_;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  vfs_.xOpen = &FaultVfs::open;
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* path, int sync) {
    auto* self = static_cast<FaultVfs*>(vfs->pAppData);
    {
      const std::lock_guard lock(self->mutex_);
      self->images_.erase(path);
    }
    return self->real_->xDelete(self->real_, path, sync);
  };
  vfs_.xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* out) {
    auto* self = static_cast<FaultVfs*>(vfs->pAppData);
    return self->real_->xAccess(self->real_, path, flags, out);
  };
  vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* path, int size, char* out) {
    auto* self = static_cast<FaultVfs*>(vfs->pAppData);
    return self->real_->xFullPathname(self->real_, path, size, out);
  };
  sqlite3_vfs_register(&vfs_, 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&vfs_); }

void FaultVfs::set_judge(Judge judge) {
  const std::lock_guard lock(mutex_);
  judge_ = std::move(judge);
}

int FaultVfs::judge(Op op) {
  Judge judge;
  {
    const std::lock_guard lock(mutex_);
    judge = judge_;
  }
  return judge ? judge(op) : SQLITE_OK;
}

void FaultVfs::record(const std::string& path, Change change) {
  const std::lock_guard lock(mutex_);
  images_[path].changes.push_back(std::move(change));
}

int FaultVfs::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out) {
  auto* self = static_cast<FaultVfs*>(vfs->pAppData);
  File& mine = as_file(file);
  mine.base.pMethods = nullptr;
  const int code = self->real_->xOpen(self->real_, path, mine.real(), flags, out);
  if (code != SQLITE_OK) return code;
  mine.owner = self;
  mine.path = new std::string(path ? path : "");
  static const sqlite3_io_methods kMethods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 1;  // no shared memory, no mmap: as with locking_mode=EXCLUSIVE
    m.xClose = [](sqlite3_file* f) {
      File& one = as_file(f);
      delete one.path;
      return one.methods().xClose(one.real());
    };
    m.xRead = [](sqlite3_file* f, void* data, int size, sqlite3_int64 offset) {
      return as_file(f).methods().xRead(as_file(f).real(), data, size, offset);
    };
    m.xWrite = &FaultVfs::write;
    m.xTruncate = &FaultVfs::truncate;
    m.xSync = &FaultVfs::sync;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return as_file(f).methods().xFileSize(as_file(f).real(), size);
    };
    m.xLock = [](sqlite3_file* f, int level) { return as_file(f).methods().xLock(as_file(f).real(), level); };
    m.xUnlock = [](sqlite3_file* f, int level) { return as_file(f).methods().xUnlock(as_file(f).real(), level); };
    m.xCheckReservedLock = [](sqlite3_file* f, int* result) {
      return as_file(f).methods().xCheckReservedLock(as_file(f).real(), result);
    };
    // Size hints and preallocation would write behind our back; the rest may pass.
    m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
      if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_NOTFOUND;
      return as_file(f).methods().xFileControl(as_file(f).real(), op, arg);
    };
    m.xSectorSize = [](sqlite3_file*) { return 512; };
    m.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
    return m;
  }();
  mine.base.pMethods = &kMethods;
  const std::lock_guard lock(self->mutex_);
  if (path && !self->images_.contains(path)) {  // what is there when we first see it counts as durable
    std::ifstream in(path, std::ios::binary);
    self->images_[path].durable.assign(std::istreambuf_iterator<char>(in), {});
  }
  return SQLITE_OK;
}

int FaultVfs::write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  File& mine = as_file(file);
  if (const int code = mine.owner->judge(Op::write); code != SQLITE_OK) return code;
  mine.owner->record(*mine.path,
                     {offset, std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)), false});
  return mine.methods().xWrite(mine.real(), data, size, offset);
}

int FaultVfs::truncate(sqlite3_file* file, sqlite3_int64 size) {
  File& mine = as_file(file);
  if (const int code = mine.owner->judge(Op::truncate); code != SQLITE_OK) return code;
  mine.owner->record(*mine.path, {size, {}, true});
  return mine.methods().xTruncate(mine.real(), size);
}

namespace {

void overwrite(std::string& image, std::size_t offset, std::string_view bytes) {
  if (image.size() < offset + bytes.size()) image.resize(offset + bytes.size());
  image.replace(offset, bytes.size(), bytes);
}

}  // namespace

int FaultVfs::sync(sqlite3_file* file, int) {
  File& mine = as_file(file);
  if (const int code = mine.owner->judge(Op::sync); code != SQLITE_OK) return code;
  const std::lock_guard lock(mine.owner->mutex_);
  Image& image = mine.owner->images_[*mine.path];
  for (const Change& change : image.changes) {
    if (change.truncate) {
      image.durable.resize(static_cast<std::size_t>(change.offset));
    } else {
      overwrite(image.durable, static_cast<std::size_t>(change.offset), change.bytes);
    }
  }
  image.changes.clear();
  return SQLITE_OK;
}

void FaultVfs::cut(std::mt19937& dice, const std::filesystem::path& folder) const {
  constexpr std::size_t kSector = 512;
  const std::lock_guard lock(mutex_);
  for (const auto& [path, image] : images_) {
    std::string left = image.durable;
    for (const Change& change : image.changes) {
      const auto fate = dice() % 3;  // 0 = lost, 1 = there, 2 = torn
      const auto offset = static_cast<std::size_t>(change.offset);
      if (change.truncate) {
        if (fate == 1 && offset < left.size()) left.resize(offset);
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size(); at += kSector) {
        const std::string_view sector = std::string_view(change.bytes).substr(at, kSector);
        if (fate == 1 || (fate == 2 && dice() % 2 == 0)) overwrite(left, offset + at, sector);
      }
    }
    std::ofstream(folder / std::filesystem::path(path).filename(), std::ios::binary) << left;
  }
}

}  // namespace registry::store
