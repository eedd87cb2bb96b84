// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/file_writer.h"

#include "core/error.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace bwla {
namespace {

[[noreturn]] void throwWriteError(const std::filesystem::path& path, int reason,
                                  std::int64_t bytes) {
    if (reason == ENOSPC || reason == EDQUOT)
        throw Error(ErrorCode::diskFull).in(path.string()).wanted(bytes);
    throw Error(ErrorCode::writeFailed)
        .in(path.string())
        .because(std::generic_category().message(reason));
}

} // namespace

FileWriter::FileWriter(std::filesystem::path path)
    : path_(std::move(path)), temporary_(path_.string() + ".tmp") {
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file_ < 0)
        throwWriteError(path_, errno, 0);
}

FileWriter::~FileWriter() {
    if (file_ < 0)
        return;
    ::close(file_);
    ::unlink(temporary_.c_str());
}

void FileWriter::write(std::span<const std::byte> bytes) {
    written_ += static_cast<std::int64_t>(bytes.size());
    while (!bytes.empty()) {
        const ssize_t count = ::write(file_, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            throwWriteError(path_, errno, written_);
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void FileWriter::finish() {
    if (::fsync(file_) != 0)
        throwWriteError(path_, errno, written_);
    publish();
}

void FileWriter::finishScratch() {
    publish();
}

void FileWriter::publish() {
    // close() before rename: network file systems report a full disk only there
    if (::close(std::exchange(file_, -1)) == 0 && ::rename(temporary_.c_str(), path_.c_str()) == 0)
        return;
    const int reason = errno;
    ::unlink(temporary_.c_str());
    throwWriteError(path_, reason, written_);
}

void writeFile(const std::filesystem::path& path, std::string_view text) {
    FileWriter writer(path);
    writer.write(text);
    writer.finish();
    syncFolder(path.parent_path());
}

void removeFlatFolder(const std::filesystem::path& folder) noexcept {
    std::error_code ignored;
    for (std::filesystem::directory_iterator entry(folder, ignored), end; entry != end;
         entry.increment(ignored))
        std::filesystem::remove(entry->path(), ignored);
    std::filesystem::remove(folder, ignored);
}

void syncFolder(const std::filesystem::path& folder) {
    const std::filesystem::path name = folder.empty() ? "." : folder;
    const int file = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        throwWriteError(name, errno, 0);
    const int result = ::fsync(file);
    const int reason = errno;
    ::close(file);
    // some file systems cannot sync folders and say so; their renames are as durable as they get
    if (result != 0 && reason != EINVAL && reason != ENOTSUP)
        throwWriteError(name, reason, 0);
}

} // namespace bwla
