// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/error.h"
#include "core/model/safetensors.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

namespace bwla {

/// "3 x 4"
[[nodiscard]] std::string shapeText(const std::vector<std::int64_t>& shape);

/// Reads tensors of a known type and shape out of a safetensors file. `Error::file` is the file.
class TensorReader {
public:
    explicit TensorReader(const SafetensorsFile& file) : file_(file) {}

    [[nodiscard]] bool has(const std::string& name) const { return file_.has(name); }
    [[nodiscard]] const SafetensorsFile& file() const { return file_; }

    /// Type and shape of a tensor. Throws Error{missingTensor, unsupportedType, badShape}.
    const TensorView& check(const std::string& name, DType type,
                            const std::vector<std::int64_t>& shape) const;
    /// Its values; throws as check().
    template<class T>
    [[nodiscard]] std::vector<T> read(const std::string& name, DType type,
                                      const std::vector<std::int64_t>& shape) const {
        static_assert(std::is_trivially_copyable_v<T>);
        const TensorView& view = check(name, type, shape);
        std::vector<T> values(view.bytes.size() / sizeof(T));
        if (!values.empty())
            std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
        return values;
    }
    /// Halves and floats of an artifact must be finite. Throws also Error{corrupt}.
    [[nodiscard]] std::vector<std::uint16_t> halves(const std::string& name,
                                                    const std::vector<std::int64_t>& shape,
                                                    DType type = DType::f16) const; ///< or bf16
    [[nodiscard]] std::vector<float> floats(const std::string& name,
                                            const std::vector<std::int64_t>& shape) const;

    [[noreturn]] void refuse(const std::string& name, const std::string& complaint) const;
    [[noreturn]] void badShape(const std::string& name, const std::string& complaint) const;

private:
    const SafetensorsFile& file_;
};

} // namespace bwla
