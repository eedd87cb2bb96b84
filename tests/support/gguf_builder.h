// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/tensor_view.h"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace bwla::test {

/// Puts a GGUF file together piece by piece, also wrong ones: everything that the file says about
/// itself can be replaced by a lie before bytes() is called.
class GgufBuilder {
public:
    std::string magic = "GGUF";
    std::uint32_t version = 3;
    std::uint64_t tensorCountLie = UINT64_MAX; ///< replaces the true count
    std::uint64_t pairCountLie = UINT64_MAX;
    std::uint64_t alignment = 32;

    struct Tensor {
        std::string name;
        std::vector<std::uint64_t> sides; ///< fastest first, as in the file
        std::uint32_t type = 0;
        std::string data;
        std::uint64_t offsetLie = UINT64_MAX;
    };
    std::vector<Tensor> tensors;

    void u32(const std::string& key, std::uint32_t value) { pair(key, 4, plain(value)); }
    void u64(const std::string& key, std::uint64_t value) { pair(key, 10, plain(value)); }
    void f32(const std::string& key, float value) { pair(key, 6, plain(value)); }
    void boolean(const std::string& key, bool value) { pair(key, 7, plain<std::uint8_t>(value)); }
    void text(const std::string& key, const std::string& value) { pair(key, 8, sized(value)); }
    void texts(const std::string& key, const std::vector<std::string>& values) {
        std::string list = plain<std::uint32_t>(8) + plain<std::uint64_t>(values.size());
        for (const std::string& value : values)
            list += sized(value);
        pair(key, 9, list);
    }
    void integers(const std::string& key, const std::vector<std::int32_t>& values) {
        std::string list = plain<std::uint32_t>(5) + plain<std::uint64_t>(values.size());
        for (const std::int32_t value : values)
            list += plain(value);
        pair(key, 9, list);
    }
    /// Any bytes as a value of any type.
    void pair(const std::string& key, std::uint32_t type, const std::string& value) {
        pairs_ += sized(key) + plain(type) + value;
        ++pairCount_;
    }

    /// Byte positions where one structure ends and the next begins; filled by bytes().
    std::vector<std::size_t> seams;

    [[nodiscard]] std::string bytes() {
        std::string out = magic + plain(version);
        seams = {0, 2, magic.size(), out.size()};
        out += plain(tensorCountLie != UINT64_MAX ? tensorCountLie : tensors.size());
        seams.push_back(out.size());
        out += plain(pairCountLie != UINT64_MAX ? pairCountLie : pairCount_);
        seams.push_back(out.size());
        out += pairs_;
        seams.push_back(out.size());
        std::uint64_t offset = 0;
        for (const Tensor& tensor : tensors) {
            out += entry(tensor, offset);
            seams.push_back(out.size());
            offset = padded(offset + tensor.data.size());
        }
        out.resize(padded(out.size()), '\0');
        seams.push_back(out.size());
        for (const Tensor& tensor : tensors) {
            out += tensor.data;
            seams.push_back(out.size() - 1);
            out.resize(padded(out.size()), '\0');
        }
        return out;
    }

    void write(const std::filesystem::path& path) {
        std::ofstream(path, std::ios::binary) << bytes();
    }

    template<class T>
    [[nodiscard]] static std::string plain(T value) {
        std::string out(sizeof value, '\0');
        std::memcpy(out.data(), &value, sizeof value);
        return out;
    }
    [[nodiscard]] static std::string sized(const std::string& value) {
        return plain<std::uint64_t>(value.size()) + value;
    }

private:
    [[nodiscard]] std::uint64_t padded(std::uint64_t size) const {
        return (size + alignment - 1) / alignment * alignment;
    }
    [[nodiscard]] static std::string entry(const Tensor& tensor, std::uint64_t offset) {
        std::string out =
            sized(tensor.name) + plain(static_cast<std::uint32_t>(tensor.sides.size()));
        for (const std::uint64_t side : tensor.sides)
            out += plain(side);
        return out + plain(tensor.type) +
               plain(tensor.offsetLie != UINT64_MAX ? tensor.offsetLie : offset);
    }

    std::string pairs_;
    std::uint64_t pairCount_ = 0;
};

} // namespace bwla::test
