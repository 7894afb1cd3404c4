;; The smallest detector there is, without any SDK: it subscribes twice, and never
;; says a word. All that it answers is constant.
(module
  (memory (export "memory") 64)
  (global $next (mut i32) (i32.const 65536))

  ;; Texts.
  (data (i32.const 1024) "foreign")
  (data (i32.const 1056) "0.1.0")
  (data (i32.const 1088) "Made without the SDK.")
  (data (i32.const 1120) "{}")
  (data (i32.const 1152) "windows-event")
  (data (i32.const 1184) "@event_id")
  (data (i32.const 1216) "any-of")
  (data (i32.const 1248) "4740")
  (data (i32.const 1280) "TargetUserName")
  (data (i32.const 1312) "equals")
  (data (i32.const 1344) "nobody")

  ;; The manifest: four texts, each as place and length.
  (data (i32.const 2048)
    "\00\04\00\00\07\00\00\00" "\20\04\00\00\05\00\00\00"
    "\40\04\00\00\15\00\00\00" "\60\04\00\00\02\00\00\00")
  ;; The values of the conditions.
  (data (i32.const 2112) "\e0\04\00\00\04\00\00\00" "\40\05\00\00\06\00\00\00")
  ;; The conditions: field, op, values, ignore-case, negate.
  (data (i32.const 2176)
    "\a0\04\00\00\09\00\00\00" "\c0\04\00\00\06\00\00\00" "\40\08\00\00\01\00\00\00" "\00\00\00\00"
    "\00\05\00\00\0e\00\00\00" "\20\05\00\00\06\00\00\00" "\48\08\00\00\01\00\00\00" "\00\00\00\00")
  ;; The columns.
  (data (i32.const 2240) "\00\05\00\00\0e\00\00\00")
  ;; Two subscriptions: kind, conditions, columns. The second has both conditions.
  (data (i32.const 2304)
    "\80\04\00\00\0d\00\00\00" "\80\08\00\00\01\00\00\00" "\c0\08\00\00\01\00\00\00"
    "\80\04\00\00\0d\00\00\00" "\80\08\00\00\02\00\00\00" "\c0\08\00\00\01\00\00\00")
  ;; Ok with the subscriptions, and Ok with an empty list.
  (data (i32.const 2368) "\00\00\00\00\00\09\00\00\02\00\00\00")
  (data (i32.const 2432) "\00\00\00\00\00\10\00\00\00\00\00\00")

  (func (export "describe") (result i32) (i32.const 2048))
  (func (export "start") (param i32 i32 i32 i32 i32) (result i32)
    (global.set $next (i32.const 65536))
    (i32.const 2368))
  (func (export "process") (param i32 i32) (result i32)
    (global.set $next (i32.const 65536))
    (i32.const 2432))
  (func (export "advance") (param i64) (result i32) (i32.const 2432))
  (func (export "finish") (result i32) (i32.const 2432))
  (func (export "snapshot") (result i32) (i32.const 2432))

  ;; Takes the next bytes, on a border of 16.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next
      (i32.and
        (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 15))
        (i32.const -16)))
    (local.get $at)))
