// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/journal/parcel_pieces.h"

#include "core/error.h"
#include "core/model/file_writer.h"
#include "core/model/hash128.h"
#include "core/model/json_text.h"
#include "core/model/mapped_file.h"

#include <algorithm>
#include <cstdio>

namespace bwla {
namespace {

namespace fs = std::filesystem;

fs::path contentsOf(const fs::path& folder) {
    return folder / "parcel.json";
}

std::string pieceName(std::size_t index) {
    char name[40];
    std::snprintf(name, sizeof name, "piece-%02d", static_cast<int>(index));
    return name;
}

} // namespace

int splitFile(const fs::path& file, const fs::path& folder, std::int64_t pieceBytes) {
    const auto whole = MappedFile::open(file);
    std::span<const std::byte> rest = whole->bytes();
    Json pieces = Json::array();
    while (!rest.empty()) {
        const auto piece = rest.first(std::min(rest.size(), static_cast<std::size_t>(pieceBytes)));
        rest = rest.subspan(piece.size());
        FileWriter writer(folder / pieceName(pieces.size()));
        writer.write(piece);
        writer.finish();
        pieces.push_back({{"bytes", piece.size()}, {"hash", hash128(piece)}});
    }
    writeFile(contentsOf(folder), prettyJson({{"pieces", pieces}, {"version", 1}}));
    syncFolder(folder);
    return static_cast<int>(pieces.size());
}

void joinFile(const fs::path& folder, const fs::path& file) {
    const fs::path contents = contentsOf(folder);
    const Json json = readJson(contents);
    const JsonObject object(json, contents);
    const Json* pieces = object.find("pieces");
    if (pieces == nullptr || !pieces->is_array())
        object.refuse("pieces", "is not a list");
    FileWriter writer(file);
    std::size_t index = 0;
    for (const Json& entry : *pieces) {
        const JsonObject expected(entry, contents);
        const fs::path path = folder / pieceName(index++);
        const auto piece = MappedFile::open(path);
        const std::int64_t bytes = expected.requiredInteger("bytes");
        if (piece->size() != bytes)
            throw Error(ErrorCode::truncated).in(path.string()).wanted(bytes).got(piece->size());
        if (hash128(piece->bytes()) != expected.requiredText("hash"))
            throw Error(ErrorCode::corrupt)
                .in(path.string())
                .because("its bytes do not match their checksum");
        writer.write(piece->bytes());
    }
    writer.finishScratch();
}

} // namespace bwla
