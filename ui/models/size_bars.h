// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

namespace bwla::ui {

class Theme;

/// Two bars on one scale: the original's bytes, and the quantized model's as layers and embeddings.
class SizeBars : public QWidget {
    Q_OBJECT

public:
    explicit SizeBars(Theme& theme, QWidget* parent = nullptr);
    void setSizes(double now, double linears, double embeddings);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    [[nodiscard]] int labelWidth() const;

    Theme& theme_;
    double now_ = 0.0, linears_ = 0.0, embeddings_ = 0.0;
};

} // namespace bwla::ui
