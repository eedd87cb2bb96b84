// SPDX-License-Identifier: GPL-3.0-or-later
//
// Misuse of a host backend is a KernelError with a code, found before anything is computed.
#include "kernels/backend.h"
#include "kernels/operands.h"

#include <QTest>

using namespace bwla;

class BackendErrorsTest : public QObject {
    Q_OBJECT
    std::unique_ptr<Backend> backend_ = makeCpuBackend({1});
    std::unique_ptr<Backend> other_ = makeReferenceBackend();

    template<class Call>
    void expectError(KernelErrorCode code, Call&& call) {
        try {
            call();
        } catch (const KernelError& error) {
            QCOMPARE(error.code(), code);
            QVERIFY(!error.subject().empty());
            return;
        }
        QFAIL("no error");
    }
    template<class Forward>
    void expectRecordError(KernelErrorCode code, Forward&& forward) {
        expectError(code, [&] { (void)backend_->record(forward, 4); });
    }

private slots:
    void arraysMustFitTheirShape() {
        auto linear = randomLinear(WeightKind::binary, 8, 40, 1, 3, true);
        linear.signs.pop_back();
        expectError(KernelErrorCode::badShape, [&] { (void)backend_->upload(linear); });
        linear = randomLinear(WeightKind::f16, 8, 40, 1);
        linear.f32.resize(1);
        expectError(KernelErrorCode::badShape, [&] { (void)backend_->upload(linear); });
        linear = randomLinear(WeightKind::rowInt8, 8, 40, 1);
        linear.scale.clear();
        expectError(KernelErrorCode::badShape, [&] { (void)backend_->upload(linear); });
        auto input = randomInput(12, 3, 2, 1);
        input.factor2 = 5;
        expectError(KernelErrorCode::badShape, [&] { (void)backend_->upload(input); });
        input = randomInput(12, 3, 2, 1);
        input.lowRankB.pop_back();
        expectError(KernelErrorCode::badShape, [&] { (void)backend_->upload(input); });
        expectError(KernelErrorCode::badShape, [&] { (void)backend_->kvCache({1, 0, 1, 64}); });
        for (const int power : {50, 57, 60, 62}) // bytes past 2^63 would come out as few
            expectError(KernelErrorCode::outOfMemory, [&] {
                (void)backend_->kvCache({30, std::int64_t{1} << power, 3, 64});
            });
    }

    void operandsOfAVerbMustFit() {
        const auto weight = backend_->upload(randomLinear(WeightKind::binary, 8, 40, 1, 3));
        const auto input = backend_->upload(randomInput(40, 0, 2, 1)); // rank 2, weight rank 3
        const auto narrow = backend_->upload(randomInput(12, 0, 3, 1));
        const std::vector<float> gain(11);
        const auto linear = [&](const Input& group, std::int64_t cols, std::int64_t outCols) {
            return [&, cols, outCols](Recorder& recorder) {
                const auto x = recorder.prepare({}, group, recorder.buffer(cols), 6);
                const LinearTarget target{weight.get(), recorder.buffer(outCols), false};
                recorder.linear(x, {&target, 1});
            };
        };
        expectRecordError(KernelErrorCode::badShape, linear(*input, 40, 8));  // ranks differ
        expectRecordError(KernelErrorCode::badShape, linear(*narrow, 12, 8)); // columns differ
        expectRecordError(KernelErrorCode::badShape, linear(*input, 41, 8));
        expectRecordError(KernelErrorCode::badShape, [&](Recorder& recorder) {
            (void)recorder.prepare({gain, 0.0F}, *input, recorder.buffer(40), 6);
        });
        for (const int bits : {0, 1, 9, 15, 17})
            expectRecordError(KernelErrorCode::unsupported, [&](Recorder& recorder) {
                (void)recorder.prepare({}, *input, recorder.buffer(40), bits);
            });
        expectRecordError(KernelErrorCode::badShape, [&](Recorder& recorder) {
            recorder.embed(*weight, recorder.buffer(40)); // signs are no table
        });
        expectRecordError(KernelErrorCode::badShape,
                          [&](Recorder& recorder) { (void)recorder.buffer(0); });
        expectError(KernelErrorCode::badShape,
                    [&] { (void)backend_->record([](Recorder&) {}, 0); });
    }

    void aStepMustFitItsPlan() {
        const auto table = backend_->upload(randomLinear(WeightKind::f16, 10, 64, 1));
        const std::vector<float> frequencies(32, 0.5F);
        const auto plan = backend_->record(
            [&](Recorder& recorder) {
                const Buffer x = recorder.buffer(64);
                recorder.embed(*table, x);
                recorder.attend({1, 1, 1, 64, frequencies}, x, x, x, recorder.buffer(64));
            },
            2);
        const auto cache = backend_->kvCache({2, 8, 1, 64});
        const auto shallow = backend_->kvCache({1, 8, 1, 64});
        const auto foreign = other_->kvCache({2, 8, 1, 64});
        const std::vector<std::int32_t> two = {1, 2};
        const std::vector<std::int32_t> three = {1, 2, 3};
        const std::vector<std::int32_t> unknown = {10};
        const auto run = [&](std::span<const std::int32_t> tokens, std::int64_t position,
                             KvCache* with) {
            return [&, tokens, position, with] { backend_->run(*plan, {tokens, position, with}); };
        };
        QVERIFY(backend_->run(*plan, {two, 6, cache.get()}));
        expectError(KernelErrorCode::badShape, run(three, 0, cache.get()));
        expectError(KernelErrorCode::badShape, run({}, 0, cache.get()));
        expectError(KernelErrorCode::badShape, run(unknown, 0, cache.get()));
        expectError(KernelErrorCode::badShape, run(two, 7, cache.get()));
        expectError(KernelErrorCode::badShape, run(two, -1, cache.get()));
        expectError(KernelErrorCode::badShape, run(two, 0, nullptr));
        expectError(KernelErrorCode::badShape, run(two, 0, shallow.get()));
        expectError(KernelErrorCode::badShape, run(two, 0, foreign.get())); // floats, not halves
        expectError(KernelErrorCode::badShape, [&] { other_->run(*plan, {two, 0, cache.get()}); });
    }

    void readingWhatWasNotQuantizedIsAnError() {
        const auto input = backend_->upload(randomInput(40, 0, 0, 1));
        Prepared prepared;
        Buffer x;
        const auto plan = backend_->record(
            [&](Recorder& recorder) {
                x = recorder.buffer(40);
                prepared = recorder.prepare({}, *input, x, 16);
            },
            2);
        expectError(KernelErrorCode::unsupported, [&] { (void)plan->read(prepared, 1); });
        expectError(KernelErrorCode::badShape, [&] { (void)plan->read(x, 3); });
        expectError(KernelErrorCode::badShape, [&] { plan->write(x, std::vector<float>(41)); });
        expectError(KernelErrorCode::badShape, [&] { plan->write(x, std::vector<float>(120)); });
    }
};

QTEST_GUILESS_MAIN(BackendErrorsTest)
#include "backend_errors_test.moc"
