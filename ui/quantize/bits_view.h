// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/artifact.h"

#include <QWidget>

namespace bwla::ui {

class Theme;

/// Where the bits go: one bar and its legend in the same order, bits a weight of the linear layers.
class BitsView : public QWidget {
    Q_OBJECT

public:
    explicit BitsView(Theme& theme, QWidget* parent = nullptr);
    /// `fileBits` of everything, embeddings included, over all `parameters`.
    void setLedger(const BitsLedger& ledger, double parameters);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return {200, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    struct Part {
        QString name;
        double bits;
        QColor colour;
    };
    [[nodiscard]] QList<Part> parts() const;
    [[nodiscard]] int rowHeight() const;

    Theme& theme_;
    BitsLedger ledger_;
    double parameters_ = 0.0;
};

} // namespace bwla::ui
