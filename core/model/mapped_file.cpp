// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/mapped_file.h"

#include "core/error.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace bwla {
namespace {

[[noreturn]] void throwNotFound(const std::filesystem::path& path, const std::string& reason) {
    throw Error(ErrorCode::notFound).in(path.string()).because(reason);
}

std::string systemReason() {
    return std::generic_category().message(errno);
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

} // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a pipe nobody writes to must fail below instead of waiting here
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        throwNotFound(path, systemReason());
    if (S_ISDIR(status.st_mode))
        throwNotFound(path, "it is a folder");
    if (!S_ISREG(status.st_mode))
        throwNotFound(path, "it is not a regular file");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) // mmap refuses empty ranges
        return std::shared_ptr<const MappedFile>(new MappedFile({}));
    void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED)
        throwNotFound(path, systemReason());
    return std::shared_ptr<const MappedFile>(
        new MappedFile({static_cast<const std::byte*>(address), size}));
}

MappedFile::~MappedFile() {
    if (!bytes_.empty())
        ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

bool isThere(const std::filesystem::path& path) noexcept {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

std::string folderName(const std::filesystem::path& folder) {
    std::error_code ignored;
    const auto whole = std::filesystem::absolute(folder, ignored).lexically_normal();
    return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

} // namespace bwla
