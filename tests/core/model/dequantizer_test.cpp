// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/dequantizer.h"
#include "core/model/half.h"
#include "expect_error.h"
#include "gguf_builder.h"

#include <QTest>

#include <cmath>
#include <limits>

using namespace bwla;
using namespace bwla::test;

class DequantizerTest : public QObject {
    Q_OBJECT

private:
    static std::vector<float> decode(DType type, std::vector<std::int64_t> shape,
                                     const std::string& data) {
        const std::string shifted = " " + data; // tensors need not be aligned in memory
        TensorView view{"t", type, std::move(shape), std::as_bytes(std::span(shifted).subspan(1))};
        return dequantize(view);
    }
    static std::string half(float value) { return GgufBuilder::plain(floatToHalf(value)); }

private Q_SLOTS:
    void plainTypes() {
        QCOMPARE(decode(DType::f32, {2}, GgufBuilder::plain(1.5F) + GgufBuilder::plain(-0.0F)),
                 (std::vector<float>{1.5F, -0.0F}));
        QCOMPARE(decode(DType::f16, {2}, half(65504.0F) + half(-0x1p-24F)),
                 (std::vector<float>{65504.0F, -0x1p-24F}));
        QCOMPARE(decode(DType::bf16, {2},
                        GgufBuilder::plain<std::uint16_t>(0x3FC0) +
                            GgufBuilder::plain<std::uint16_t>(0xC2F7)),
                 (std::vector<float>{1.5F, -123.5F}));
        QCOMPARE(decode(DType::i8, {3}, "\x01\xFF\x80"), (std::vector<float>{1, -1, -128}));
        EXPECT_ERROR(decode(DType::u32, {1}, "abcd"), unsupportedType, "U32");
    }

    void blocksOfEightBits() {
        std::string block = half(0.5F);
        for (int i = 0; i < 32; ++i)
            block += static_cast<char>(i - 16);
        const auto values = decode(DType::q8_0, {2, 32}, block + block);
        QCOMPARE(values.size(), std::size_t{64});
        for (std::size_t i = 0; i < 64; ++i)
            QCOMPARE(values[i], 0.5F * (static_cast<float>(i % 32) - 16.0F));
    }

    /// Low nibbles are the first 16 values of a block, high nibbles the last 16.
    void blocksOfFourBits() {
        std::string packed;
        for (unsigned i = 0; i < 16; ++i)
            packed += static_cast<char>(i | (15 - i) << 4U);
        const auto symmetric = decode(DType::q4_0, {32}, half(2.0F) + packed);
        const auto offset = decode(DType::q4_1, {32}, half(2.0F) + half(-1.0F) + packed);
        for (std::size_t i = 0; i < 32; ++i) {
            const auto q = static_cast<float>(i < 16 ? i : 31 - i);
            QCOMPARE(symmetric[i], 2.0F * (q - 8.0F));
            QCOMPARE(offset[i], 2.0F * q - 1.0F);
        }
    }

    void sizesOfTypes() {
        QCOMPARE(dtypeBytes(DType::q4_1, 64), std::int64_t{40});
        QCOMPARE(dtypeBytes(DType::q8_0, 32), std::int64_t{34});
        QCOMPARE(dtypeBytes(DType::q4_0, 0), std::int64_t{0});
        QCOMPARE(dtypeBlock(DType::q4_0), std::int64_t{32});
        QCOMPARE(dtypeBlock(DType::bf16), std::int64_t{1});
        QCOMPARE(std::string(dtypeName(DType::q4_1)), std::string("Q4_1"));
    }

    void shapesAreMultipliedWithCare() {
        using Shape = std::vector<std::int64_t>;
        QCOMPARE(checkedElements(Shape{2, 3, 4}), std::optional<std::int64_t>(24));
        QCOMPARE(checkedElements(Shape{}), std::optional<std::int64_t>(1));
        QCOMPARE(checkedElements(Shape{0, INT64_MAX}), std::optional<std::int64_t>(0));
        QVERIFY(!checkedElements(Shape{-1, 2}));
        QVERIFY(!checkedElements(Shape{std::int64_t{1} << 32, std::int64_t{1} << 32}));
        QVERIFY(!checkedElements(Shape{std::int64_t{1} << 61})); // 2^63 bytes as F32
    }
};

QTEST_GUILESS_MAIN(DequantizerTest)
#include "dequantizer_test.moc"
